#cloud-boothook
#!/bin/sh
# bootseed: fresh entropy before the first key. Runs at every boot, never stops it, prints nothing: /run/bootseed/log has it all.
trap 'exit 0' 0
umask 77
# The distribution's programs and its python3, whatever else (pyenv, conda, /usr/local) is first on PATH.
PATH=/usr/sbin:/usr/bin:/sbin:/bin p=/usr/bin/python3
cd /
# programs, this boot's files, the mark of a gate that is done; short names, as every byte rides in user-data
l=usr/local/lib/bootseed r=run/bootseed v=var/lib/bootseed m=$v/gate-done k=sshd-keygen s=.service
mkdir -p $l $r $v
exec >>$r/log 2>&1 9>$r/lock
# The agent's user may write here, and root follows no link of his, and waits for no pipe.
find $v/ -type l,p -delete
flock -n 9
# An instance's first boot; a copy of another instance's disk carries that one's mark. First the gate.
i=${INSTANCE_ID:-unknown}
grep -qsFx -e "$i passed" -e "$i held" -e "$i warned" $m || {
  rm -rf $m
  cat >$l/gate <<'E'
@GATE@
E
  # sshd waits for it. A unit without a file: systemd need not be reloaded for it, which takes seconds, and a copy of this disk has none.
  # No globs in Before= (systemd refuses them); never ssh.socket, which would hold the whole boot; never After=cloud-*, whose own hook
  # starts this unit.
  systemd-run --no-block -u bootseed-first-boot -p Type=oneshot -p DefaultDependencies=no -p StandardOutput=journal+console \
    -p "Before=ssh$s sshd$s $k$s $k.target $k@rsa$s $k@ecdsa$s $k@ed25519$s" \
    /bin/sh /$l/gate "$i" /$m /$r
  # Then the kit, which unpacks itself (unpack.py).
  $p -Ic 'import lzma
n=0
for c in input():n=n*94+ord(c)-33
exec(lzma.decompress(n.to_bytes(@SIZE@,"big")))' <<'E'
@KIT@
E
  sync $l/*
}
# The seed, 0600 in RAM; an assignment and a builtin, so that it is in no process's arguments.
BOOTSEED=@SEED@
echo $BOOTSEED | base64 -d >$r/seed
$p -I $l/kit.pyz hook
rm -f $r/seed
# The kit writes a verdict whatever happens in it; where there is none, it did not run.
[ -e $r/verdict ] || {
  echo failed >$r/verdict
  echo "bootseed: failed: needs $p, 3.8 or later; found:"
  $p -VV
}

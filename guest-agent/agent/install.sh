#!/bin/sh
# Lays out the agent: sh install.sh [DESTDIR] [--undo]. Build it first: npm run agent. Changes nothing that runs; says what to type.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
dest='' undo=no
for word; do
  case $word in
    --undo) undo=yes ;;
    -*) echo "usage: sh install.sh [DESTDIR] [--undo]" >&2; exit 64 ;;
    *) dest=${word%/} ;;
  esac
done
lib=$dest/usr/local/lib/bootseed bin=$dest/usr/local/bin units=$dest/etc/systemd/system sysusers=$dest/etc/sysusers.d

if [ $undo = yes ]; then
  [ -n "$dest" ] || systemctl disable --now bootseed-agent-topup.timer bootseed-agent-listen.socket bootseed-mix.socket || :
  rm -f "$bin/bootseed-agent" "$lib/bootseed-agent.mjs" "$lib/bootseed-mix" "$lib/agent.md" "$sysusers/bootseed-agent.conf"
  (cd "$here/units" && find . -name '*.service' -o -name '*.socket' -o -name '*.timer' -o -name '*.conf') |
    while read -r unit; do rm -f "$units/$unit"; done
  for folder in "$units"/bootseed-agent-.service.d "$units"/bootseed-agent-listen.service.d "$units/bootseed-mix@.service.d" \
    "$units/bootseed-topup.timer.d" "$lib"; do
    [ ! -d "$folder" ] || rmdir --ignore-fail-on-non-empty "$folder"
  done
  echo "removed. What the machine is enrolled with is still in /var/lib/bootseed: the kit can go on with it."
  # Without a systemd that runs, as in a container, there is nothing to reload.
  [ -n "$dest" ] || systemctl daemon-reload || :
  exit 0
fi

dist=${BOOTSEED_DIST:-$here/../dist}
for file in bootseed-agent.mjs bootseed-mix; do
  [ -f "$dist/$file" ] || { echo "expected $dist/$file: run npm run agent" >&2; exit 66; }
done
node=$(command -v node || echo /usr/bin/node)
[ -n "$dest" ] && node=/usr/bin/node
# What is typed runs it as root, and the units see no home.
case $(readlink -f "$node") in
  /home/* | /root/* | /tmp/* | /var/tmp/* | /run/user/*) echo "expected Node.js of the system, got $node: apt-get install nodejs" >&2; exit 69 ;;
esac
install -d "$lib" "$bin" "$units" "$sysusers"
install -m 0644 "$dist/bootseed-agent.mjs" "$lib/"
install -m 0755 "$dist/bootseed-mix" "$lib/"
[ ! -f "$here/../../docs/agent.md" ] || install -m 0644 "$here/../../docs/agent.md" "$lib/"
printf '#!/bin/sh\nexec %s /usr/local/lib/bootseed/bootseed-agent.mjs "$@"\n' "$node" >"$bin/bootseed-agent"
chmod 0755 "$bin/bootseed-agent"
install -m 0644 "$here/units/bootseed-agent.sysusers" "$sysusers/bootseed-agent.conf"
cd "$here/units"
find . \( -name '*.service' -o -name '*.socket' -o -name '*.timer' -o -name '*.conf' \) | while read -r unit; do
  install -D -m 0644 "$unit" "$units/$unit"
  sed -i "s|/usr/bin/node|$node|" "$units/$unit"
done
cat <<TEXT
installed. Now:
  systemd-sysusers && systemctl daemon-reload
  systemctl enable --now bootseed-mix.socket bootseed-agent-topup.timer
  systemctl stop bootseed-topup.timer                   # the kit's, where there is one, stands back from now on
a machine without a seed:      bootseed-agent join --token-file F
hosts that dial (opt-in):      systemctl edit bootseed-agent-listen.socket     # [Socket] IPAddressAllow=THE HOST
                               systemctl enable --now bootseed-agent-listen.socket
what is wrong:                 bootseed-agent doctor
undo:                          sh install.sh $dest --undo
TEXT

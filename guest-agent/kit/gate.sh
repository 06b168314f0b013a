# Holds sshd until the verdict is "reseeded, no host keys before": 330 s at most, then warns. Works without python3: no verdict = fail.
# usage: gate INSTANCE_ID; n, the seconds, is 0 while it is unset
e=passed
cd /run/bootseed
flock -w 60 lock true
until grep -qsx 'reseeded 0' verdict; do
  e=held n=$((n+2))
  [ $n -gt 330 ] && e=warned && break
  sleep 2
done
echo "$1 $e" >/var/lib/bootseed/gate-done
[ $e != warned ] || { echo 'NO PROVEN SEED, TRUST NO KEY HERE: /run/bootseed/log'; false; }

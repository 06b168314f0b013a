#!/bin/sh
# The head of kit.pyz, which is this script and then a zip: sh reads the one and stops at `exit`, python3 reads the other.
# It needs no python3, so that a gate stands even where that is missing.
#   sh kit.pyz install   write the units, start the gate: the hook's first act
#   sh kit.pyz gate      hold sshd until the verdict is "reseeded, no host keys before"; 330 s at most, then warn
keep=/var/lib/bootseed run=/run/bootseed
me=$(cat /var/lib/cloud/data/instance-id)

install() {
  mkdir -p -m 700 $keep
  # A copy of another instance's disk has that one's mark.
  [ "$(head -n 1 $keep/gate-done)" = "$me" ] && [ -e $1/bootseed-topup.timer ] && return
  rm -f $keep/gate-done
  umask 022
  cd $1 || return
  @UNITS@
  mkdir -p timers.target.wants
  ln -sf ../bootseed-topup.timer timers.target.wants
  systemctl daemon-reload
  systemctl start --no-block bootseed-first-boot.service
}

gate() {
  flock -w 60 $run/lock true
  end=passed n=0
  until read -r word <$run/verdict && [ "$word" = "reseeded 0" ]; do
    [ $n = 0 ] && echo "bootseed: sshd waits: expected verdict 'reseeded 0', got '$word'; see $run/log" && end=held
    n=$((n + 2))
    if [ $n -gt 330 ]; then
      end=warned
      echo "bootseed: WARNING: sshd starts WITHOUT a proven seed (verdict '$word'): do not trust this VM's keys; see $run/log"
      break
    fi
    sleep 2
  done
  printf '%s\n' "$me" $end >$keep/gate-done
  [ $end != warned ]
}

case $1 in
install) install /etc/systemd/system ;;
gate) gate ;;
esac
exit

/**
 * A unit as docs/first-boot.md shows for software that makes keys: it needs the proven reseed of each boot. It writes down the boot ids
 * in which it was started.
 */
const UNIT = `[Unit]
Requires=bootseed-seeded.target
After=bootseed-seeded.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c 'cat /proc/sys/kernel/random/boot_id >>/var/lib/needs-seed'
[Install]
WantedBy=multi-user.target
`;

/** Lines of a cloud-config that install and start it. */
export const DEPENDENT_UNIT: string = `write_files:
  - path: /etc/systemd/system/needs-seed.service
    content: ${JSON.stringify(UNIT)}
  - path: /etc/of-the-user
    content: untouched
runcmd:
  - systemctl daemon-reload
  - systemctl enable --now needs-seed.service
`;

/** Waits until systemd has started it, or has given up; 100 s at most. */
export const UNTIL_STARTED =
  "timeout 100 sh -c 'until systemctl is-active -q needs-seed || journalctl -b _PID=1 -o cat | grep -q \"Dependency failed for needs-seed\"; do sleep 1; done' || true";

/** What systemd writes of a unit whose dependency failed, in the whole journal; empty when all is well. */
export const FAILED_DEPENDENCIES =
  "journalctl -b _PID=1 -o cat | grep -E '(Dependency|Assertion) failed for (needs-seed|bootseed)' || true";

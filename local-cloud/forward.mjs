// One process per guest connection: QEMU's guestfwd pipes 169.254.169.254:80 through stdin and stdout, this joins them to the droplet's
// metadata service on a Unix socket (a port on loopback would show user-data to every user of this machine). Plain JavaScript: no type
// stripping, which would double the start-up time. Usage: node forward.mjs SOCKET
import net from "node:net";

const socket = net.connect(process.argv[2] ?? "");
process.stdin.pipe(socket);
socket.pipe(process.stdout);
socket.on("close", () => process.exit(0));
socket.on("error", () => process.exit(1));

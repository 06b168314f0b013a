import net from "node:net";

/** A JSON object as it came. */
export type Message = Readonly<Record<string, unknown>>;

/**
 * A connection to QEMU or its guest agent: one JSON object per line each way. Answers come in the order of the calls; what `isAnswer`
 * turns away (greetings, events) goes to `onOther`.
 */
export class JsonSocket {
  readonly #socket: net.Socket;
  readonly #waiting: { resolve: (message: Message) => void; reject: (error: Error) => void }[] = [];
  #text = "";
  #closed: Error | undefined;

  private constructor(
    socket: net.Socket,
    isAnswer: (message: Message) => boolean,
    onOther: (message: Message) => void,
  ) {
    this.#socket = socket;
    const receive = (line: string): void => {
      const message = parse(line);
      if (message === undefined) return;
      if (isAnswer(message)) this.#waiting.shift()?.resolve(message);
      else onOther(message);
    };
    socket.on("data", (chunk: Buffer) => {
      // 0xff: the guest agent's mark that what came before is void
      this.#text = (this.#text + chunk.toString("latin1")).replace(/^[^]*\u00FF/, "");
      const lines = this.#text.split("\n");
      this.#text = lines.pop() ?? "";
      for (const line of lines) receive(Buffer.from(line, "latin1").toString("utf8"));
    });
    socket.on("error", () => undefined); // "close" follows
    socket.on("close", () => this.#end(new Error("the connection closed")));
  }

  /** Connects to a Unix socket. @throws Error when nobody listens there */
  static async connect(
    path: string,
    isAnswer: (message: Message) => boolean,
    onOther: (message: Message) => void = () => undefined,
  ): Promise<JsonSocket> {
    const socket = net.connect(path);
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
    return new JsonSocket(socket, isAnswer, onOther);
  }

  /** Sends one call and waits for its answer. @throws Error on time-out and on a closed connection */
  async call(message: Message, timeoutMs: number): Promise<Message> {
    if (this.#closed !== undefined) throw this.#closed;
    this.#socket.write(`${JSON.stringify(message)}\n`);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.close();
        reject(new Error(`no answer in ${timeoutMs / 1000} s`));
      }, timeoutMs);
      this.#waiting.push({
        resolve: (answer) => {
          clearTimeout(timer);
          resolve(answer);
        },
        reject: (error) => {
          clearTimeout(timer);
          reject(error);
        },
      });
    });
  }

  /** Sends the byte at which QEMU's guest agent drops what it holds of an unfinished call. */
  flushPeer(): void {
    this.#socket.write(Buffer.of(0xff));
  }

  close(): void {
    this.#socket.destroy();
  }

  #end(reason: Error): void {
    this.#closed = reason;
    for (const { reject } of this.#waiting.splice(0)) reject(reason);
  }
}

function parse(line: string): Message | undefined {
  try {
    return JSON.parse(line) as Message;
  } catch {
    return undefined; // half a line of a conversation that was broken off
  }
}

/** A document, an export or an image of the user's own that is not what it has to be. */
import { BootseedError } from "@bootseed/protocol";

/** "malformed" alone is what a host's answer is: a script must be able to tell the two apart by the exit code. */
export class BadInput extends BootseedError {
  constructor(message: string, options?: ErrorOptions) {
    super("malformed", message, options);
  }
}

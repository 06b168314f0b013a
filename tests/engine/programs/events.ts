/** Automation API over a local program: `up --replace URN`; prints each engine event as one line of JSON. */
import { LocalWorkspace } from "@pulumi/pulumi/automation/index.js";

const [workDir = "", replace = ""] = process.argv.slice(2);
const stack = await LocalWorkspace.selectStack({ stackName: "organization/bootseed/test", workDir });
await stack.up({ replace: [replace], onEvent: (event) => void process.stdout.write(`${JSON.stringify(event)}\n`) });

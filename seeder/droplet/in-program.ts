/**
 * Callbacks that belong to one program of several in a process, or to one process of several in a run.
 *
 * For an inline program of the automation API the SDK (3.270) keeps what it knows of the run in an AsyncLocalStorage, and
 * calls transforms and hooks from its gRPC server, outside of it. There every run looks like one without a stack, without
 * a preview and without secrets: what a transform returns as a secret would lie in the state in clear.
 */
import * as pulumi from "@pulumi/pulumi";
import type { AsyncLocalStorage } from "node:async_hooks";

/** Where the SDK keeps it, so that several copies of the SDK share it. */
const sdk = globalThis as { asyncLocalStorage?: AsyncLocalStorage<unknown> };

/**
 * @param call a transform's or a hook's function
 * @returns the same, in the store of the program that runs now; so is what the SDK does with the result, which is why it
 * is entered and not only run in
 */
export function inThisProgram<Args extends unknown[], Result>(
  call: (...args: Args) => Result,
): (...args: Args) => Result {
  const storage = sdk.asyncLocalStorage;
  const store = storage?.getStore();
  if (storage === undefined || store === undefined) return call; // the program of a process of its own
  return (...args) => {
    storage.enterWith(store);
    return call(...args);
  };
}

/** Whether the program that runs now is its process's only one: an inline program of the automation API is not. */
export const hasOwnProcess = (): boolean => sdk.asyncLocalStorage?.getStore() === undefined;

/**
 * Hook names are unique in a run of the engine, and a run has several processes where components are made by the plugin
 * for other languages (seeder/plugin): the program's, and one per provider of the plugin. Only a program has a stack.
 */
export const hookName = (name: string): string =>
  pulumi.runtime.getStackResource() === undefined ? `${name}-${process.pid}` : name;

import { expect, it } from "vitest";
import { unreachableAdvice } from "./reachable.ts";

it.each([[["127.0.0.1:7443"]], [["[::1]:7443", "localhost:7443"]], [["0.0.0.0:7443"]], [["[::]:7443"]]])(
  "%j is no address for a VM",
  (advertise) => {
    expect(unreachableAdvice({ advertise })).toMatch(
      /^no VM can reach .*: set listen\.guests .*, then run init again$/,
    );
  },
);
it.each([[["192.0.2.1:7443"]], [["127.0.0.1:7443", "host.example:7443"]]])("%j will do", (advertise) => {
  expect(unreachableAdvice({ advertise })).toBeUndefined();
});

import * as pulumi from "@pulumi/pulumi";
import { describe, expect, it } from "vitest";
import { componentOptions, dropletOptions, OPTIONS, type SeededDropletOptions } from "./options.ts";

const CASE = "C7 (pulumi/pulumi#9877, #17838): ";
/** As good as any value: nothing here looks into one. */
const given = (key: string): SeededDropletOptions => ({ [key]: key === "aliases" ? [] : "given" });

describe("options of a SeededDroplet", () => {
  it.each(Object.entries(OPTIONS).filter(([, fate]) => fate === "droplet"))(
    `${CASE}%s reaches the droplet, and not the component`,
    (key) => {
      expect(dropletOptions(given(key))).toEqual({ [key]: "given" });
      expect(componentOptions("web", given(key))).toEqual({});
    },
  );

  it.each(Object.entries(OPTIONS).filter(([, fate]) => fate === "component"))(
    `${CASE}%s stays the component's`,
    (key) => {
      expect(dropletOptions(given(key))).toEqual({});
      expect(componentOptions("web", given(key))).toEqual({ [key]: "given" });
    },
  );

  it.each(Object.entries(OPTIONS).filter(([, fate]) => fate === "refused"))(
    `${CASE}%s is refused, and says what to do`,
    (key) => {
      expect(() => componentOptions("web", given(key))).toThrow(pulumi.RunError);
      expect(() => componentOptions("web", given(key))).toThrow(
        new RegExp(`SeededDroplet web cannot have the option ${key}: .*by import or aliases`),
      );
    },
  );
});

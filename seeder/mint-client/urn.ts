/** A URN as hosts take it (protocol/mint.ts): no host has a seed of another. */
const TAKEN = /^[ -~]{1,2048}$/;

/** Whether a resource of this name can have a seed. One that cannot must not spoil the request that is everybody's. */
export const takenByHosts = (urn: string): boolean => TAKEN.test(urn);

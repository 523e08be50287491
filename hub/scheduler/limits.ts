/**
 * Fuel added to what a run used when shares are compared: an event's way
 * through the hub takes some 20 us, as much as this fuel, so that a task of
 * many tiny runs pays for them.
 */
export const RUN_OVERHEAD_FUEL = 250_000;

/** Whether a machine is on battery, from what Linux says of its power supplies. Pure. */

/** A folder of /sys/class/power_supply, by the kernel's names: Documentation/ABI/testing/sysfs-class-power. */
export interface PowerSupply {
  /** "Mains", "USB", "Battery", "UPS", "Wireless". */
  readonly type: string;
  /** "1" when it gives power; batteries have none. */
  readonly online: string | undefined;
  /** "Discharging", "Charging", "Full", "Not charging", "Unknown"; only batteries have it. */
  readonly status: string | undefined;
  /** "Device" when it powers something that is attached, such as a mouse. */
  readonly scope: string | undefined;
}

const OWN_BATTERIES: ReadonlySet<string> = new Set(['Battery', 'UPS']);

/** A machine that says of no supply, or only of batteries that do not discharge, is on mains. */
export function isOnBattery(supplies: readonly PowerSupply[]): boolean {
  const own = supplies.filter(({ scope }) => scope !== 'Device');
  if (own.some(({ type, online }) => !OWN_BATTERIES.has(type) && online !== undefined && online !== '0')) return false;
  return own.some(({ type, status }) => OWN_BATTERIES.has(type) && status === 'Discharging');
}

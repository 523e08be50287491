/** Whether a machine is hot, from what Linux says of its thermal zones. Pure. */

/** A folder of /sys/class/thermal, by the kernel's names: Documentation/ABI/testing/sysfs-class-thermal. */
export interface ThermalZone {
  /** In thousandths of a degree Celsius; undefined when its sensor cannot be read now. */
  readonly temp: string | undefined;
}

/** How much colder it must be than what is hot before it is not any more: sensors vary, and a load comes and goes. */
const COOLER = 5;
/** What a sensor says that is not there, or out of order, is out of these. */
const SENSIBLE = { least: -40, most: 150 };

/** Of the hottest zone, in degrees Celsius; undefined where nothing is known. */
export function hottest(zones: readonly ThermalZone[]): number | undefined {
  const degrees = zones
    .map(({ temp }) => (temp === undefined || temp === '' ? Number.NaN : Number(temp) / 1_000))
    .filter((each) => each >= SENSIBLE.least && each <= SENSIBLE.most);
  return degrees.length === 0 ? undefined : Math.max(...degrees);
}

/** @param hotFrom In degrees Celsius. */
export function isHot(degrees: number | undefined, hotFrom: number, wasHot: boolean): boolean {
  return degrees !== undefined && degrees >= (wasHot ? hotFrom - COOLER : hotFrom);
}

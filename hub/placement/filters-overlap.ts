/** Whether some topic matches both MQTT topic filters. MQTT 5, section 4.7. */
export function filtersOverlap(a: string, b: string): boolean {
  return overlap(a.split('/'), b.split('/'));
}

function overlap(a: readonly string[], b: readonly string[]): boolean {
  for (let i = 0; ; i++) {
    const [left, right] = [a[i], b[i]];
    if (left === '#' || right === '#') return true;
    // "a/#" matches "a" as well.
    if (left === undefined || right === undefined) {
      return left === right || (left === undefined && b[i] === '#') || (right === undefined && a[i] === '#');
    }
    if (left !== right && left !== '+' && right !== '+') return false;
  }
}

/** Loaded before a program, with `node --import`: SIGUSR2 sets its clock back an hour, as often as it comes. */
const HOUR_MS = 3_600_000;

const realNow = Date.now;
let shiftMs = 0;
Date.now = () => realNow() + shiftMs;
process.on('SIGUSR2', () => (shiftMs -= HOUR_MS));

/** The bucket that the hub alone writes: of each topic the last payload. As tasks name it, and as the store does. */
export const DEVICES_BUCKET = 'devices';

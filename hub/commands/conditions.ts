import { asking, printJson, type AskOptions, type Output } from './asking.js';

export interface ConditionsOptions extends AskOptions {
  /** "on" or "off"; undefined to leave it as it is. */
  readonly metered: string | undefined;
  readonly battery: string | undefined;
  readonly hot: string | undefined;
}

/** `sterna conditions`: what the hub is under from now on, by which runs are placed. */
export function conditionsCommand(options: ConditionsOptions, out: Output): Promise<number> {
  return asking(options, async (client) => {
    const { metered, battery, hot } = options;
    const change = {
      ...(metered === undefined ? {} : { metered: metered === 'on' }),
      ...(battery === undefined ? {} : { onBattery: battery === 'on' }),
      ...(hot === undefined ? {} : { isHot: hot === 'on' }),
    };
    const answer = await client.post('/v1/conditions', change);
    if (options.json) printJson(out, answer);
    else out.write(`${JSON.stringify(answer, undefined, 2)}\n`);
    return 0;
  });
}

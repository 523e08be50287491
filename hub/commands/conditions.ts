import { conditionsOf } from '../api/index.js';
import { asking, printJson, type AskOptions, type Output } from './asking.js';
import { placedTasksTable, WITHOUT_APP } from './placed-tasks.js';

export interface ConditionsOptions extends AskOptions {
  /** "on" or "off"; undefined to leave it as it is. */
  readonly metered: string | undefined;
  readonly battery: string | undefined;
  readonly hot: string | undefined;
}

/** `sterna conditions`: what the hub is under, or is from now on, by which runs are placed. */
export function conditionsCommand(options: ConditionsOptions, out: Output): Promise<number> {
  return asking(options, async (client) => {
    const { metered, battery, hot } = options;
    const change = {
      ...(metered === undefined ? {} : { metered: metered === 'on' }),
      ...(battery === undefined ? {} : { onBattery: battery === 'on' }),
      ...(hot === undefined ? {} : { isHot: hot === 'on' }),
    };
    const isChange = Object.keys(change).length > 0;
    const answer = isChange ? await client.post('/v1/conditions', change) : await client.get('/v1/placement');
    const { conditions, tasks } = conditionsOf(answer);
    const { metered: isMetered, onBattery, isHot } = conditions;
    if (options.json) printJson(out, { conditions, tasks });
    else if (onBattery === undefined) out.write(`${WITHOUT_APP}\n`);
    else {
      out.write(`battery ${shown(onBattery)}, metered ${shown(isMetered)}, hot ${shown(isHot)}\n\n`);
      for (const line of placedTasksTable(tasks)) out.write(`${line}\n`);
    }
    return 0;
  });
}

function shown(holds: boolean | undefined): string {
  return holds === true ? 'on' : 'off';
}

/** As V8 writes it: a tree of call sites, and for each sample the one it was in. */
export interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  /** Microseconds of the monotonic clock. */
  readonly startTime: number;
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  readonly children?: readonly number[];
}

export interface Shares {
  /** Of the time in which the process was busy, in descending order; they add up to 1. */
  readonly rooms: readonly { readonly room: string; readonly share: number }[];
  readonly functions: readonly { readonly name: string; readonly where: string; readonly share: number }[];
  /** Of the measured time. */
  readonly idle: number;
}

/** First match wins. What is below one of these frames and has none of its own counts as its. */
const ROOMS: readonly (readonly [room: string, pattern: RegExp])[] = [
  ['sigv4', /\/kms\/api\/(sigv4|authorization|signing-keys|amz-date|replay-cache)\.js$/],
  ['validation', /\/kms\/api\/(shapes\/|body\.js)/],
  ['http', /\/kms\/api\//],
  ['authorisation', /\/kms\/(policy\/|permission\.js|identity\.js)/],
  ['crypto', /\/kms\/(crypto|keystore)\//],
  ['event encoding', /\/(events\/|journal\/encode\.js|base\/(canonical-json|ids|clock)\.js|kms\/evidence\.js)/],
  ['commit', /\/journal\/|\/node_modules\/(lmdb|msgpackr|ordered-binary|weak-lru-cache)\//],
  ['metrics', /\/app\/metrics\.js|\/prom-client\//],
  ['decision', /\/kms\//],
  ['process', /\/app\//],
];
const TOP = 25;

/** Sums the samples between two moments by room and by function. */
export function attribute(profile: CpuProfile, fromUs: number, toUs: number): Shares {
  const parents = new Map<number, number>();
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  for (const { id, children = [] } of profile.nodes) for (const child of children) parents.set(child, id);

  const roomOf = (id: number): string => {
    const name = nodes.get(id)?.callFrame.functionName;
    if (name === '(garbage collector)') return 'gc';
    for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) {
      const url = nodes.get(at)?.callFrame.url ?? '';
      const room = ROOMS.find(([, pattern]) => pattern.test(url))?.[0];
      if (room !== undefined) return room;
    }
    // No frame of ours: Node's own loop, parser and sockets.
    return name === '(program)' ? 'native' : 'http';
  };

  const roomTimes = new Map<string, number>();
  const functionTimes = new Map<string, number>();
  let idleUs = 0;
  let busyUs = 0;
  let nowUs = profile.startTime;
  for (const [at, id] of profile.samples.entries()) {
    nowUs += profile.timeDeltas[at] ?? 0;
    if (nowUs < fromUs || nowUs > toUs) continue;
    const spentUs = profile.timeDeltas[at + 1] ?? 0;
    const frame = nodes.get(id)?.callFrame;
    if (frame?.functionName === '(idle)') {
      idleUs += spentUs;
      continue;
    }
    busyUs += spentUs;
    add(roomTimes, roomOf(id), spentUs);
    add(
      functionTimes,
      `${frame?.functionName === '' ? '(anonymous)' : (frame?.functionName ?? '?')}\n${whereOf(frame)}`,
      spentUs,
    );
  }
  const shares = (times: ReadonlyMap<string, number>): [string, number][] =>
    [...times].sort(([, a], [, b]) => b - a).map(([name, us]) => [name, us / busyUs]);
  return {
    rooms: shares(roomTimes).map(([room, share]) => ({ room, share })),
    functions: shares(functionTimes)
      .slice(0, TOP)
      .map(([text, share]) => {
        const [name = '', where = ''] = text.split('\n');
        return { name, where, share };
      }),
    idle: idleUs / (idleUs + busyUs),
  };
}

const add = (sums: Map<string, number>, name: string, value: number): void =>
  void sums.set(name, (sums.get(name) ?? 0) + value);

function whereOf(frame: ProfileNode['callFrame'] | undefined): string {
  if (frame === undefined || frame.url === '') return '';
  const short = /(?:\/dist|\/node_modules)\/(.*)$/.exec(frame.url)?.[1] ?? frame.url;
  return `${short}:${frame.lineNumber + 1}`;
}

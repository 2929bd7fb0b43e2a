import { runChild } from './child.ts';
import { CHILDREN, type ChildName } from './protocol.ts';

const name = process.argv[2];
const known = CHILDREN.find((child) => child === name);
if (known === undefined) throw new Error(`Bug: no child ${String(name)}`);
runChild(known satisfies ChildName);

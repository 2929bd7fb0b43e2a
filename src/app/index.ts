export { ROLES, dataPaths, parseConfig, type Config, type DataPaths, type Role } from './config.ts';
export { EXIT, exitCodeOf } from './exit-codes.ts';
export { openLog } from './log.ts';
export { openOperator, type Operator } from './operator.ts';
export { readCredentials } from './vault.ts';
export { serve, type ServeOptions } from './serve.ts';
export { VERSION } from './version.ts';
export { openSre } from './sre.ts';

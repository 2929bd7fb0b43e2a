/**
 * A process that integrates a journal which never stops growing, and says each size it has published. It is there to be
 * killed. Arguments: the directory of the log, and the signing key's file.
 */
import { messageOf, silentLog } from '../../../src/base/index.ts';
import { openFileSigner, startIntegrator } from '../../../src/ledger/index.ts';
import { journalOf, ORIGIN } from './given.ts';

const [dir = '', keyFile = ''] = process.argv.slice(2);
const signer = await openFileSigner(keyFile, ORIGIN);
/** Longer than any run of the test reaches, so that every restart finds a journal that is ahead. */
const journal = journalOf(1_000_000);
const integrator = await startIntegrator({
  journal,
  dir,
  signer,
  log: silentLog,
  maxBatch: 97,
  onFailure: (error) => {
    process.stdout.write(`failed ${messageOf(error)}\n`);
    process.exit(1);
  },
});
setInterval(() => process.stdout.write(`${integrator.size()}\n`), 1);

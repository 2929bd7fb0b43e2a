export { startIntegrator, type EntrySource, type Integrator, type IntegratorOptions } from './integrator.ts';
export { openFileSigner, signerOf, type LedgerSigner } from './signer.ts';
export { Ledger, openLedger } from './ledger.ts';
export { openDisk, type LedgerDisk } from './disk.ts';
export { proveConsistency, proveInclusion, type ProvenEntry } from './prove.ts';
export { formatProof, parseProof, verifyProof, type ProvenInclusion, type TlogProof } from './proof.ts';
export { verifyLog, type LogFault, type LogVerdict, type VerifyOptions } from './verify-log.ts';
export { ledgerHandler } from './http.ts';
export {
  formatCheckpoint,
  openCheckpoint,
  parseCheckpoint,
  type Checkpoint,
  type OpenedCheckpoint,
} from './checkpoint.ts';
export { formatNote, openNote, signatureLine, type NoteSignature, type OpenedNote } from './note.ts';
export { formatVkey, parseVkey, type NoteVerifier } from './vkey.ts';
export { verifyConsistency, verifyInclusion, type TreeHead } from './merkle-verify.ts';
export { EMPTY_ROOT, leafHash, nodeHash, type Hash } from './hash.ts';
export { MAX_ENTRY_BYTES } from './bundle.ts';

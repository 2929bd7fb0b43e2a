import { assert } from '../base/index.ts';
import { encodeBundle } from './bundle.ts';
import { formatCheckpoint, openCheckpoint, type Checkpoint } from './checkpoint.ts';
import type { LedgerDisk } from './disk.ts';
import { DurableWriter, type LedgerFile } from './durable-writer.ts';
import { leafHash, type Hash } from './hash.ts';
import { encodeTile, type HashEdge } from './hash-edge.ts';
import { formatNote, signatureLine } from './note.ts';
import { CHECKPOINT, SIGNED_HEAD, inconsistent, recover, type Recovered } from './recover.ts';
import type { LedgerSigner } from './signer.ts';
import { TILE_WIDTH, partialsPath, tilePath, type TileCoordinates } from './tile-path.ts';
import { readTree } from './tree-reader.ts';
import { parseVkey, type NoteVerifier } from './vkey.ts';

/**
 * One transparency log in one directory, and its only writer. Every `append` goes through the same steps, in this order:
 *
 * 1. entry bundles and tiles, durable (a crash leaves files that the same entries will make again);
 * 2. `signed-head`: what is about to be signed, durable (a crash leaves the duty to publish exactly this tree);
 * 3. `checkpoint`: the signed tree head (a crash leaves the old one or the new one);
 * 4. partial tiles that have become full are removed.
 *
 * After an error nothing more is appended: what is on disk is unknown, and only {@link openLedger} can tell.
 */
export class Ledger {
  readonly #disk: LedgerDisk;
  readonly #signer: LedgerSigner;
  readonly #verifier: NoteVerifier;
  readonly #writer: DurableWriter;
  readonly #edge: HashEdge;
  readonly #partialPaths = new Set<string>();
  #bundle: Uint8Array[];
  #signed: Checkpoint | undefined;
  #usable = true;

  /** Use {@link openLedger}. */
  constructor(disk: LedgerDisk, signer: LedgerSigner, verifier: NoteVerifier, recovered: Recovered) {
    this.#disk = disk;
    this.#signer = signer;
    this.#verifier = verifier;
    this.#writer = new DurableWriter(disk);
    this.#edge = recovered.edge;
    this.#bundle = [...recovered.entries];
    this.#signed = recovered.signed;
  }

  /** Entries under the newest checkpoint. */
  get size(): number {
    return this.#signed?.size ?? 0;
  }

  /** The leaf of the newest entry, to be compared with the journal's; undefined for an empty log. */
  async lastLeaf(): Promise<Hash | undefined> {
    if (this.size === 0) return undefined;
    return readTree(this.#disk, this.size).node(0, this.size - 1);
  }

  /** Appends entries and publishes a checkpoint that covers them. Resolves when all of it is durable. */
  async append(entries: readonly Uint8Array[]): Promise<void> {
    assert(this.#usable, 'a ledger that has failed is opened again before it is used');
    this.#usable = false;
    const full: TileCoordinates[] = [];
    const files: LedgerFile[] = [];
    for (const entry of entries) this.#add(entry, full, files);
    files.push(...this.#partials());
    await this.#writer.writeImmutable(files);
    await this.#publish();
    for (const tile of full) {
      const directory = partialsPath(tile);
      await this.#disk.removeDirectory(directory);
      this.#writer.forget(directory);
    }
    this.#usable = true;
  }

  /** Signs and publishes the tree as it is, where a crash or a first start left that undone. */
  async republish(): Promise<void> {
    await this.append([]);
  }

  #add(entry: Uint8Array, full: TileCoordinates[], files: LedgerFile[]): void {
    this.#bundle.push(entry);
    this.#edge.append(leafHash(entry), (tile, hashes) => {
      full.push(tile);
      files.push({ path: tilePath(tile), bytes: encodeTile(hashes) });
    });
    if (this.#bundle.length < TILE_WIDTH) return;
    const bundle = { level: 'entries', index: this.#edge.size / TILE_WIDTH - 1, width: TILE_WIDTH } as const;
    full.push(bundle);
    files.push({ path: tilePath(bundle), bytes: encodeBundle(this.#bundle) });
    this.#bundle = [];
  }

  /** The partial tiles that this size needs and the last one did not have. */
  #partials(): LedgerFile[] {
    const files: LedgerFile[] = [];
    for (const [tile, hashes] of this.#edge.partials()) files.push({ path: tilePath(tile), bytes: encodeTile(hashes) });
    if (this.#bundle.length > 0) {
      const index = Math.floor(this.#edge.size / TILE_WIDTH);
      const path = tilePath({ level: 'entries', index, width: this.#bundle.length });
      files.push({ path, bytes: encodeBundle(this.#bundle) });
    }
    // The path names index and width, so a known path is a file with known content.
    const fresh = files.filter(({ path }) => !this.#partialPaths.has(path));
    this.#partialPaths.clear();
    for (const { path } of files) this.#partialPaths.add(path);
    return fresh;
  }

  async #publish(): Promise<void> {
    const head: Checkpoint = { origin: this.#signer.origin, size: this.#edge.size, root: this.#edge.root() };
    const text = formatCheckpoint(head);
    await this.#refuseFork(head);
    await this.#writer.replace(SIGNED_HEAD, text);
    const signature = await this.#signer.sign(Buffer.from(text, 'utf8'));
    const note = formatNote(text, [signatureLine(this.#verifier, signature)]);
    const opened = openCheckpoint(note, this.#verifier);
    // A signer that errs must not put its error into the world: a wrong Ed25519 signature can give the key away.
    if (!opened.ok) throw inconsistent(`The signer gave a checkpoint that is not acceptable: ${opened.reason}`);
    await this.#writer.replace(CHECKPOINT, note);
    this.#signed = head;
  }

  /** Never a smaller tree, never a different one of the same size, never beside another writer. */
  async #refuseFork(head: Checkpoint): Promise<void> {
    const signed = this.#signed;
    const onDisk = (await this.#disk.read(SIGNED_HEAD))?.toString('utf8');
    if (onDisk !== (signed === undefined ? undefined : formatCheckpoint(signed))) {
      throw inconsistent(`${SIGNED_HEAD} was changed by somebody else`);
    }
    if (signed === undefined) return;
    if (head.size < signed.size || (head.size === signed.size && !head.root.equals(signed.root))) {
      throw inconsistent(`A tree of ${head.size} entries would contradict the signed one of ${signed.size}`);
    }
  }
}

/**
 * Opens a ledger, finishes what a crash interrupted, and leaves a checkpoint that covers everything signed.
 *
 * @throws OperationalError LEDGER_INCONSISTENT as {@link recover} does.
 */
export async function openLedger(disk: LedgerDisk, signer: LedgerSigner): Promise<Ledger> {
  const verifier = parseVkey(signer.vkey);
  if (!verifier.ok) throw new TypeError(`The signer has no usable vkey: ${verifier.reason}`);
  const recovered = await recover(disk, verifier.value);
  const ledger = new Ledger(disk, signer, verifier.value, recovered);
  if (recovered.published === undefined || recovered.published < recovered.edge.size) await ledger.republish();
  return ledger;
}

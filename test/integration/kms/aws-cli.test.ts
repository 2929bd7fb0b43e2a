import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findAwsCli } from '../../support/aws-cli.ts';
import { REGION, givenService, type Given } from './given.ts';

const run = promisify(execFile);
let given: Given;
let cli: string;
beforeAll(async () => {
  [given, cli] = await Promise.all([givenService(), findAwsCli()]);
});
afterAll(() => given.close());

/** What `aws kms` prints, as JSON. */
async function kms(...words: readonly string[]): Promise<Record<string, unknown>> {
  const { accessKeyId, secretAccessKey } = await given.root.config.credentials();
  const { stdout } = await run(
    cli,
    ['--endpoint-url', given.endpoint, '--region', REGION, '--output', 'json', 'kms', ...words],
    {
      env: {
        PATH: process.env['PATH'],
        HOME: given.directory,
        AWS_ACCESS_KEY_ID: accessKeyId,
        AWS_SECRET_ACCESS_KEY: secretAccessKey,
      },
    },
  );
  return stdout === '' ? {} : (JSON.parse(stdout) as Record<string, unknown>);
}

test('the AWS CLI makes a key, seals a file, rotates, and opens the file again', async () => {
  const created = await kms('create-key', '--description', 'by the CLI');
  const { KeyId: keyId } = created['KeyMetadata'] as { KeyId: string };
  await kms('create-alias', '--alias-name', 'alias/cli', '--target-key-id', keyId);
  const plain = join(given.directory, 'plain');
  const sealedFile = join(given.directory, 'sealed');
  writeFileSync(plain, 'hello');
  const context = ['--encryption-context', 'tenant=acme,purpose=test'];
  const sealed = await kms('encrypt', '--key-id', 'alias/cli', '--plaintext', `fileb://${plain}`, ...context);
  writeFileSync(sealedFile, Buffer.from(String(sealed['CiphertextBlob']), 'base64'));
  await kms('rotate-key-on-demand', '--key-id', keyId);
  const opened = await kms('decrypt', '--ciphertext-blob', `fileb://${sealedFile}`, ...context);
  expect(Buffer.from(String(opened['Plaintext']), 'base64').toString()).toBe('hello');
  await expect(kms('decrypt', '--ciphertext-blob', `fileb://${sealedFile}`)).rejects.toThrow(
    /InvalidCiphertextException/,
  );
  await expect(kms('describe-key', '--key-id', 'alias/none')).rejects.toThrow(
    /\(NotFoundException\) when calling the DescribeKey operation/,
  );
});

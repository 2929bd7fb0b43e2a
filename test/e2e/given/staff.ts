import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { KMSClient } from '@aws-sdk/client-kms';
import type { Service } from '../../support/service.ts';
import { firstCredentials, type Credentials } from './caller.ts';

export const ACCOUNT = '000000000000';
export const arnOf = (name: string): string => `arn:aws:iam::${ACCOUNT}:${name}`;

/** Adds a principal by the command line, with a policy that allows these actions on everything. */
export async function hire(service: Service, name: string, actions: readonly string[]): Promise<Credentials> {
  const file = join(service.data, '..', `${name.replace('/', '-')}.json`);
  const Statement = [{ Sid: 'Work', Effect: 'Allow', Action: actions, Resource: '*' }];
  writeFileSync(file, JSON.stringify({ Version: '2012-10-17', Statement }));
  const { code, stdout, stderr } = await service.cli('principals', 'add', arnOf(name), '--policy', file, '--json');
  if (code !== 0) throw new Error(`principals add ${name}: ${stderr}`);
  return JSON.parse(stdout) as Credentials;
}

/** The AWS SDK as an application has it; without an identity, that of the account's root. */
export const sdk = (service: Service, credentials: Credentials = firstCredentials(service.data)): KMSClient =>
  new KMSClient({ endpoint: service.api, region: 'us-east-1', credentials });

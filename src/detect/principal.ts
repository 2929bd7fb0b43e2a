const SESSION = /^arn:([^:]*):sts::(\d{12}):assumed-role\/([^/]+)\/.+$/;

/**
 * Who is profiled: sessions of an assumed role fold to the role, for a session's name is the caller's to choose and a
 * new one would begin a new baseline. The ARN of a session does not carry the role's path, so neither does the result.
 */
export function foldPrincipal(arn: string): string {
  if (!arn.includes(':assumed-role/')) return arn;
  const parts = SESSION.exec(arn);
  return parts === null ? arn : `arn:${parts[1] ?? ''}:iam::${parts[2] ?? ''}:role/${parts[3] ?? ''}`;
}

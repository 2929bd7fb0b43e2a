/**
 * A value as one word of a POSIX shell command that a person may paste. Names in events can be foreign, and a command
 * that an attacker could complete would be worse than none: whatever is not plainly harmless is quoted.
 */
export const shellWord = (text: string): string =>
  /^[A-Za-z0-9:/_+=,.@-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;

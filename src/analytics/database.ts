/** The database everything lives in, embedded or not. */
export const DATABASE = 'keyledger';

/** What SQLSTATE codes mean to us (PostgreSQL, appendix A). */

/** Class 42: what the statement asks for does not fit the schema. */
export const isSchemaMismatch = (sqlstate: string | undefined): boolean =>
  sqlstate?.startsWith('42') === true;

/** Class XX: the server met data that cannot be as they are. */
export const isCorruption = (sqlstate: string | undefined): boolean =>
  sqlstate === 'XX001' || sqlstate === 'XX002';

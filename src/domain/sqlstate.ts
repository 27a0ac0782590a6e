/** What SQLSTATE codes mean to us (PostgreSQL, appendix A). */

/** Class 42: what the statement asks for does not fit the schema. */
export const isSchemaMismatch = (sqlstate: string | undefined): boolean =>
  sqlstate?.startsWith('42') === true;

/** `summary`: say in a line what happened, for the report. */
import { accountCommand } from '../src/app/accounts.ts';

export default accountCommand({
  verb: 'summary',
  summary: 'say in a line what happened, for the report',
  example: 'summary a migration dropped a column that the page reads',
});

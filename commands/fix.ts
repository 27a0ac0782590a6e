/** `fix`: say in a line what fixed it, for the report. */
import { accountCommand } from '../src/app/accounts.ts';

export default accountCommand({
  verb: 'fix',
  aliases: ['fixed'],
  summary: 'say in a line what fixed it, for the report',
  example: 'fix the migration was rolled back, the rows repaired',
});

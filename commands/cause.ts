/** `cause`: say in a line what caused it, for the report. */
import { accountCommand } from '../src/app/accounts.ts';

export default accountCommand({
  verb: 'cause',
  aliases: ['rootcause'],
  summary: 'say in a line what caused it, for the report',
  example: 'cause the release dropped order_status.tracking_code',
});

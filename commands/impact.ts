/** `impact`: say in a line what users notice, for the report. */
import { accountCommand } from '../src/app/accounts.ts';

export default accountCommand({
  verb: 'impact',
  summary: 'say in a line what users notice, for the report',
  example: 'impact no user can see the state of an order',
});

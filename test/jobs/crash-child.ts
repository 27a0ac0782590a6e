/** Brings a run forward; at the point whose number it is given (0: never) it kills itself, or freezes. */
import { openInstance } from './crash-kinds.ts';

const [, , store = '', target = '', run = '', at = '0', signal = 'SIGKILL'] = process.argv;
let passed = 0;
const instance = openInstance({ store, target }, () => {
  passed += 1;
  if (passed === Number(at)) process.kill(process.pid, signal);
});
await instance.bringForward(Number(run));
await instance.close();
process.stdout.write(String(passed));

/** Brings a run forward and kills itself, as `kill -9` would, at the point whose number it is given; 0: never. */
import { openInstance } from './crash-kinds.ts';

const [, , store = '', target = '', run = '', at = '0'] = process.argv;
let passed = 0;
const instance = openInstance({ store, target }, () => {
  passed += 1;
  if (passed === Number(at)) process.kill(process.pid, 'SIGKILL');
});
await instance.bringForward(Number(run));
await instance.close();
process.stdout.write(String(passed));

/** The bot as `firebreak start` runs it, with a clock that its parent puts forward. It ends with its parent. */
import { loadConfig } from '../src/config.ts';
import { advanceableClock, systemClock } from '../src/jobs/clock.ts';
import { createLogger } from '../src/log.ts';
import { startFirebreak } from '../src/main.ts';

const [file = '', dataDir = '', ahead = '0'] = process.argv.slice(2);
const clock = advanceableClock(systemClock, Number(ahead));
process.on('message', (ms) => clock.advance(Number(ms)));
process.on('disconnect', () => process.exit(1));

const config = loadConfig(file);
const log = createLogger({ level: 'info', secrets: config.secrets });
const { url } = await startFirebreak({ ...config, dataDir }, { clock, log });
log.info({ url }, 'firebreak is up');

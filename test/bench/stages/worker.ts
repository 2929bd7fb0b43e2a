import { measureKafka } from './kafka.ts';
import { measureReaders } from './readers.ts';

/** What the bench asks of this process, as words: directory, events, and `kafka` to measure a broker too. */
const [directory = '', events = '0', kafka] = process.argv.slice(2);
for await (const row of measureReaders(directory, Number(events))) process.send?.(row);
if (kafka === 'kafka') for await (const row of measureKafka(directory, Number(events))) process.send?.(row);
process.disconnect();

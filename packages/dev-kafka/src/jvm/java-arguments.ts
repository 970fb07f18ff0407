import type { InstalledBroker } from './install-broker.ts'

/**
 * The JVM's arguments for one broker. `start`: only the quick compiler and the collector with the least set-up.
 * `throughput`: the optimising compiler, a parallel collector and more heap.
 */
export function javaArguments(
  installed: InstalledBroker,
  settingsFile: string,
  tuning: 'start' | 'throughput',
): readonly string[] {
  const flags =
    tuning === 'start'
      ? ['-Xms128m', '-Xmx512m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC']
      : ['-Xms512m', '-Xmx1g', '-XX:+UseParallelGC']
  return [
    ...flags,
    '-Xshare:auto',
    '-Dorg.slf4j.simpleLogger.showDateTime=true',
    '-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS',
    '-cp',
    installed.classPath,
    'kafka.Kafka',
    settingsFile,
  ]
}

export { startRegistry, type RunningRegistry, type StartRegistryOptions } from './start-registry.ts'

/**
 * The part of testcontainers' interface that is used here. The package is an optional peer, so its own types may not be
 * there; this agrees with those of testcontainers 12.
 */
export interface Testcontainers {
  readonly GenericContainer: new (image: string) => ContainerToStart
  readonly Network: new () => { start(): Promise<StartedNetwork> }
  getContainerRuntimeClient(): Promise<ContainerEngine>
}

export interface ContainerEngine {
  readonly info: { readonly containerRuntime: { readonly host: string } }
  readonly container: {
    getById(id: string): { kill(): Promise<unknown>; pause(): Promise<unknown>; unpause(): Promise<unknown> }
  }
}

export interface StartedNetwork {
  stop(): Promise<unknown>
}

export interface ContainerToStart {
  withExposedPorts(...ports: { container: number; host: number }[]): this
  withEnvironment(environment: Record<string, string>): this
  withNetwork(network: StartedNetwork): this
  withNetworkAliases(...aliases: string[]): this
  withLogConsumer(consumer: (stream: LogStream) => unknown): this
  withStartupTimeout(milliseconds: number): this
  start(): Promise<StartedContainer>
}

export interface LogStream {
  on(event: 'data', listener: (chunk: unknown) => void): unknown
}

export interface StartedContainer {
  getId(): string
  stop(options?: { timeout?: number; remove?: boolean; removeVolumes?: boolean }): Promise<unknown>
  restart(): Promise<void>
}

/** The package and an engine that answers, or what of the two is missing. */
export async function findDocker(): Promise<
  { readonly testcontainers: Testcontainers; readonly engine: ContainerEngine } | { readonly missing: string }
> {
  // A variable, since TypeScript resolves a literal, and the package need not be installed.
  const name = 'testcontainers'
  let testcontainers: Testcontainers
  try {
    testcontainers = (await import(name)) as Testcontainers
  } catch {
    return { missing: 'the package testcontainers is not installed' }
  }
  try {
    return { testcontainers, engine: await testcontainers.getContainerRuntimeClient() }
  } catch {
    return { missing: 'no container engine answers' }
  }
}

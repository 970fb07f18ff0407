export * from './entries/codec.ts'
export * from './entries/engine.ts'
export * from './entries/plan.ts'

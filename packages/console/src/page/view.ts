import type { Model } from './model.ts'

/** One part of the page. It is made when it is opened, and told of each new status. */
export interface View {
  readonly element: HTMLElement
  /** It is on the page now. */
  shown?(): void
  update?(): void
  close?(): void
}

/** @param rest what follows the name in the address, such as the name of a topic */
export type OpenView = (model: Model, rest: string) => View

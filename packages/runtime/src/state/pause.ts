/** Where long work can wait for a moment: what it then has to wait for, and undefined where it need not. Nothing else of the task runs meanwhile. */
export type Pause = () => Promise<void> | undefined

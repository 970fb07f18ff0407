/** Above all costs of bringing a task's state to a member, as an assignment weighs them. */
export const STATE_COST = 128

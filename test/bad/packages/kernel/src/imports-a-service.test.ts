import { requirement } from '@plaza/testing/requirements'
import { users } from '@plaza/users/contract' // refused: import

export const used = [requirement, users]

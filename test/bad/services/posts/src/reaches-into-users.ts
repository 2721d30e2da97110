import { AppError } from '@plaza/kernel/contract'
import { users } from '@plaza/users/contract'
import { gateway } from '@plaza/gateway' // refused: import
import { start } from '@plaza/testing' // refused: import
import { usersService } from '@plaza/users/service' // refused: import
import { findUser } from '../../users/src/user-store.ts' // refused: import
import { hidden } from '/opt/plaza/hidden.ts' // refused: import

export const lazy = () => import('@plaza/users/service') // refused: import
export const used = [AppError, users, gateway, start, usersService, findUser, hidden]

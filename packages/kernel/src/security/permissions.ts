import type { Permission } from '../contract/contract.ts'

export const roles = ['user', 'seller', 'moderator', 'admin'] as const
export type Role = (typeof roles)[number]

/** What each role may do, as data. A person's permissions are the union over their roles. */
const granted: Readonly<Record<Role, readonly Permission[]>> = {
  user: ['posts:write', 'relations:write', 'profile:write'],
  seller: ['products:write'],
  moderator: ['moderation'],
  admin: ['moderation', 'users:manage', 'ops'],
}

const permissionsOf = new Map<Role, ReadonlySet<Permission>>(
  roles.map(role => [role, new Set(granted[role])]),
)

/** Whether one of the roles gives the permission. */
export function isPermitted(held: readonly Role[], permission: Permission): boolean {
  return held.some(role => permissionsOf.get(role)?.has(permission))
}

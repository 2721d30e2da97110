export { type RemoteOptions, remoteCalls } from './remote-calls.ts'
export { type Page, type PageAnswer, type RpcServer, type RpcServerOptions, rpcServer } from './rpc-server.ts'

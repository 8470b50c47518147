import {
  DeleteParameterCommand,
  GetParametersCommand,
  ParameterNotFound,
  PutParameterCommand,
} from '@aws-sdk/client-ssm'
import type { ParameterKeeper } from '../ports.ts'
import { parameterStoreClient } from './client.ts'

/**
 * The operator's side of the parameters of AWS Systems Manager: puts, removes and lists them, without reading their
 * values.
 */
export function parameterKeeper(): ParameterKeeper & { readonly close: () => void } {
  const client = parameterStoreClient()
  return {
    async put({ name, value, isSecret, keyId, description }) {
      const command = new PutParameterCommand({
        Name: name,
        Value: value,
        Description: description,
        Type: isSecret ? 'SecureString' : 'String',
        KeyId: keyId,
        Overwrite: true,
      })
      await client.send(command)
    },
    async remove(name) {
      try {
        await client.send(new DeleteParameterCommand({ Name: name }))
        return true
      } catch (error) {
        if (error instanceof ParameterNotFound) return false
        throw error
      }
    },
    async found(names) {
      const { Parameters = [] } = await client.send(
        new GetParametersCommand({ Names: [...names], WithDecryption: false }),
      )
      return new Map(
        Parameters.map(({ Name = '', Type, Version = 0, LastModifiedDate }) => [
          Name,
          {
            isSecret: Type === 'SecureString',
            version: Version,
            ...(LastModifiedDate && { changedAtMs: LastModifiedDate.getTime() }),
          },
        ]),
      )
    },
    close() {
      client.destroy()
    },
  }
}

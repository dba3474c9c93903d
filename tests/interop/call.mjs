// openid-client as an application that calls our API in its own name, and as one that asks about a token.
//
// The argument is JSON: issuer, client_id, client_secret, scope. It prints one line with what it got and heard.
import * as client from "openid-client";

const asked = JSON.parse(process.argv[2]);
const config = await client.discovery(
  new URL(asked.issuer),
  asked.client_id,
  undefined,
  client.ClientSecretBasic(asked.client_secret),
);
try {
  const tokens = await client.clientCredentialsGrant(config, { scope: asked.scope });
  const before = await client.tokenIntrospection(config, tokens.access_token);
  await client.tokenRevocation(config, tokens.access_token);
  const after = await client.tokenIntrospection(config, tokens.access_token);
  process.stdout.write(JSON.stringify({ scope: tokens.scope, token_type: tokens.token_type, before, after }) + "\n");
} catch (error) {
  process.stdout.write(JSON.stringify({ refused: error.error, status: error.status }) + "\n");
}

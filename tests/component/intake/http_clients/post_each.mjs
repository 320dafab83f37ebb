// Posts each of url, content type, query code, body; as a Node program does that sets nothing else.
const given = process.argv.slice(2);
while (given.length > 0) {
  const [url, type, code, body] = given.splice(0, 4);
  const answer = await fetch(url, { method: "POST", headers: { "Content-Type": type, "Query-Code": code }, body });
  await answer.text();
  console.log(answer.status);
}

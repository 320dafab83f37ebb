import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;

/** Posts each of url, content type, query code, body; as a Java program does that sets nothing else. */
public class PostEach {
  public static void main(String[] given) throws Exception {
    var client = HttpClient.newHttpClient();
    for (int i = 0; i < given.length; i += 4) {
      var request = HttpRequest.newBuilder(URI.create(given[i]))
          .header("Content-Type", given[i + 1])
          .header("Query-Code", given[i + 2])
          .POST(HttpRequest.BodyPublishers.ofString(given[i + 3]))
          .build();
      System.out.println(client.send(request, HttpResponse.BodyHandlers.ofString()).statusCode());
    }
  }
}

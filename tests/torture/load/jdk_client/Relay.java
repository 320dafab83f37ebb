import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;

/** Posts what it reads with a stock HttpClient, which offers every plain-text server an upgrade to HTTP/2.
 *
 * One request a line, tab-separated: timeout in seconds, URL, body in Base64, then header names and values in turn.
 * One answer a line: status, a tab, the body in Base64; or "connect" or "error", a tab, and the exception's name.
 */
public class Relay {
    public static void main(String[] arguments) throws Exception {
        var client = HttpClient.newHttpClient();
        var lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
        for (var line = lines.readLine(); line != null; line = lines.readLine()) {
            System.out.println(answer(client, line.split("\t")));
            System.out.flush();
        }
    }

    private static String answer(HttpClient client, String[] fields) {
        try {
            var body = HttpRequest.BodyPublishers.ofByteArray(Base64.getDecoder().decode(fields[2]));
            var request = HttpRequest.newBuilder(URI.create(fields[1]))
                .timeout(Duration.ofMillis(Math.round(1000 * Double.parseDouble(fields[0]))))
                .POST(body);
            for (int n = 3; n + 1 < fields.length; n += 2) {
                request.header(fields[n], fields[n + 1]);
            }
            var answer = client.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
            return answer.statusCode() + "\t" + Base64.getEncoder().encodeToString(answer.body());
        } catch (java.net.ConnectException failure) {
            return "connect\t" + failure.getClass().getSimpleName();
        } catch (Exception failure) {
            return "error\t" + failure.getClass().getSimpleName();
        }
    }
}

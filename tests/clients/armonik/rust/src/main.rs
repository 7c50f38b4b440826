//! A program and its worker on the Rust crate: `armonik_rust worker` serves tasks, `armonik_rust client URI` has some done
//! and prints what it saw as one JSON object.

use std::sync::Arc;

use armonik::agent::submit_tasks::RequestItem as SubTask;
use armonik::events::{subscribe, EventsEnum, Update};
use armonik::reexports::tonic::transport::{Channel, Endpoint, Server};
use armonik::reexports::tonic::Status;
use armonik::server::{RequestContext, WorkerService, WorkerServiceExt};
use armonik::tasks::submit::RequestItem;
use armonik::{worker, Client, Output, ResultStatus, TaskOptions};
use futures::{Stream, StreamExt};
use serde_json::json;

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let words: Vec<String> = std::env::args().collect();
    match words.get(1).map(String::as_str) {
        Some("worker") => serve().await,
        _ => work(&words[2]).await,
    }
}

// ---- the worker --------------------------------------------------------------------------------------------------

struct Worker {
    agent: Channel,
}

impl WorkerService for Worker {
    async fn health_check(
        self: Arc<Self>,
        _request: worker::health_check::Request,
        _context: RequestContext,
    ) -> Result<worker::health_check::Response, Status> {
        Ok(worker::health_check::Response::Serving)
    }

    async fn process(
        self: Arc<Self>,
        request: worker::process::Request,
        _context: RequestContext,
    ) -> Result<worker::process::Response, Status> {
        let payload = read(&request, &request.payload_id)?;
        let output = match payload.as_slice() {
            b"split" => self.split(&request).await.map_err(|e| Status::internal(e.to_string()))?,
            b"fail" => return Err(Status::internal("as told")),
            b"error" => Output::Error { details: "as told".into() },
            data => self.copy(&request, data).await.map_err(|e| Status::internal(e.to_string()))?,
        };
        Ok(worker::process::Response { output })
    }
}

impl Worker {
    /// Sends the payload and what the task depends on.
    async fn copy(&self, request: &worker::process::Request, data: &[u8]) -> Result<Output, Failure> {
        let mut whole = data.to_vec();
        for name in &request.data_dependencies {
            whole.extend(read(request, name)?);
        }
        let output = request.expected_output_keys[0].clone();
        std::fs::write(format!("{}/{output}", request.data_folder), whole)?;
        let mut agent = Client::with_channel(self.agent.clone()).into_agent();
        agent.notify_result_data(&request.communication_token, &request.session_id, [output]).await?;
        Ok(Output::Ok)
    }

    /// Has two tasks make parts, and a third one the whole of them.
    async fn split(&self, request: &worker::process::Request) -> Result<Output, Failure> {
        let (token, session) = (&request.communication_token, &request.session_id);
        let mut agent = Client::with_channel(self.agent.clone()).into_agent();
        let data = [("one", "1"), ("two", "2"), ("whole", "w")];
        let payloads = agent.create_results(token, session, data).await?;
        let parts = agent.create_results_metadata(token, session, ["a", "b"]).await?;
        let part = |index: usize| SubTask {
            payload_id: payloads[index].result_id.clone(),
            expected_output_keys: vec![parts[index].result_id.clone()],
            ..Default::default()
        };
        let whole = SubTask {
            payload_id: payloads[2].result_id.clone(),
            expected_output_keys: request.expected_output_keys.clone(),
            data_dependencies: parts.iter().map(|one| one.result_id.clone()).collect(),
            ..Default::default()
        };
        agent.submit_tasks(token, session, None, [part(0), part(1), whole]).await?;
        Ok(Output::Ok)
    }
}

fn read(request: &worker::process::Request, name: &str) -> Result<Vec<u8>, Status> {
    std::fs::read(format!("{}/{name}", request.data_folder)).map_err(|error| Status::internal(error.to_string()))
}

async fn serve() -> Result<(), Failure> {
    let agent = std::env::var("ComputePlane__AgentChannel__Address")?;
    let own = std::env::var("ComputePlane__WorkerChannel__Address")?;
    let agent = Endpoint::from_shared(format!("unix://{agent}"))?.connect_lazy();
    let listener = tokio::net::UnixListener::bind(own)?;
    let incoming = tokio_stream::wrappers::UnixListenerStream::new(listener);
    Server::builder().add_service(Worker { agent }.worker_server()).serve_with_incoming(incoming).await?;
    Ok(())
}

// ---- the client --------------------------------------------------------------------------------------------------

async fn work(uri: &str) -> Result<(), Failure> {
    let client = Client::with_channel(Endpoint::from_shared(uri.to_string())?.connect().await?);
    let session = client.clone().into_sessions().create(["default"], TaskOptions::default()).await?;
    let (_, copied) = submit(&client, &session, "x", vec![]).await?;
    let (_, whole) = submit(&client, &session, "split", vec![]).await?;
    let (_, joined) = submit(&client, &session, "y", vec![copied.clone(), whole.clone()]).await?;
    let (failing, failed) = submit(&client, &session, "fail", vec![]).await?;
    let (wrong, aborted) = submit(&client, &session, "error", vec![]).await?;
    let wanted = vec![copied, whole, joined.clone(), failed, aborted];
    let states = finish(&client, &session, &wanted).await?;
    let mut results = client.clone().into_results();
    let data = gather(results.download(&session, &joined).await?).await?;
    let mut tasks = client.clone().into_tasks();
    let missing = tasks.get("nobody").await.err().map(|error| format!("{error:?}")).unwrap_or_default();
    let user = client.clone().into_auth().current_user().await?;
    let told = json!({
        "session": session,
        "states": states,
        "data": String::from_utf8(data)?,
        "first": tasks.get(&failing).await?.status as i32,
        "second": tasks.get(format!("{failing}###1")).await?.status as i32,
        "error": format!("{:?}", tasks.get(&wrong).await?.output),
        "missing": missing,
        "user": user.username,
    });
    println!("{told}");
    Ok(())
}

/// Submits one task; gives its id and that of its output.
async fn submit(
    client: &Client,
    session: &str,
    payload: &str,
    needs: Vec<String>,
) -> Result<(String, String), Failure> {
    let mut results = client.clone().into_results();
    let payloads = results.create(session, [("payload", payload).into()]).await?;
    let outputs = results.create_metadata(session, ["output".into()]).await?;
    let item = RequestItem {
        payload_id: payloads[0].result_id.clone(),
        expected_output_keys: vec![outputs[0].result_id.clone()],
        data_dependencies: needs,
        ..Default::default()
    };
    let made = client.clone().into_tasks().submit(session, None, [item]).await?;
    Ok((made[0].task_id.clone(), outputs[0].result_id.clone()))
}

/// Follows events until every result is there or never will be; gives their states in order.
async fn finish(client: &Client, session: &str, wanted: &[String]) -> Result<Vec<i32>, Failure> {
    let none: [[armonik::tasks::filter::Field; 0]; 0] = [];
    let nothing: [[armonik::results::filter::Field; 0]; 0] = [];
    let kinds = [EventsEnum::NewResult, EventsEnum::ResultStatusUpdate];
    let mut events = client.clone().into_events();
    let stream = events.subscribe(session, none, nothing, kinds).await?;
    let mut stream = std::pin::pin!(stream);
    let mut states = vec![0; wanted.len()];
    while states.contains(&0) {
        let event: subscribe::Response = stream.next().await.ok_or("the stream ended")??;
        let (result, status) = match event.update {
            Update::NewResult(told) => (told.result_id, told.status),
            Update::ResultStatusUpdate(told) => (told.result_id, told.status),
            _ => continue,
        };
        if let Some(place) = wanted.iter().position(|one| *one == result) {
            if matches!(status, ResultStatus::Completed | ResultStatus::Aborted) {
                states[place] = status as i32;
            }
        }
    }
    Ok(states)
}

async fn gather<E: std::error::Error + Send + Sync + 'static>(
    stream: impl Stream<Item = Result<Vec<u8>, E>>,
) -> Result<Vec<u8>, Failure> {
    let mut stream = std::pin::pin!(stream);
    let mut whole = Vec::new();
    while let Some(chunk) = stream.next().await {
        whole.extend(chunk?);
    }
    Ok(whole)
}
